"""The pages' addresses, a module for each part of the way."""

from services.web.routes import assets, book, bookings, drafts, matters, refused, staff, start

ROUTERS = (
    start.router,
    matters.router,
    book.router,
    drafts.router,
    bookings.router,
    refused.router,
    staff.router,
    assets.router,
)
