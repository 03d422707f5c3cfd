"""The pages' addresses, a module for each part of the way."""

from services.web.routes import assets, book, bookings, matters, staff, start

ROUTERS = (start.router, matters.router, book.router, bookings.router, staff.router, assets.router)
