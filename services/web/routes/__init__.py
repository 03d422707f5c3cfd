"""The pages' addresses, a module for each part of the way."""

from services.web.routes import (
    assets,
    book,
    bookings,
    closing,
    counter,
    desk,
    drafts,
    hall,
    leaving,
    matters,
    refused,
    sign_in,
    staff,
    start,
    today,
)

ROUTERS = (
    start.router,
    matters.router,
    book.router,
    drafts.router,
    bookings.router,
    refused.router,
    refused.staff,
    sign_in.router,
    hall.router,
    staff.router,
    today.router,
    counter.router,
    desk.router,
    closing.router,
    leaving.router,
    assets.router,
)
