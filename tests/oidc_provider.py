"""A provider of OpenID Connect for the tests: Django with django-oauth-toolkit, a process of its own.

`python -m tests.oidc_provider FOLDER PORT RETURN_TO` serves on 127.0.0.1 until its standard input is closed. Its login
form, its codes, PKCE, tokens and keys are the toolkit's own; only people and client are written here. The subject of
somebody is their number in its tables. Who is in the group `mfa` is said to have shown a second factor.
"""

import os
import secrets
import sys
import threading
from pathlib import Path

import django
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings

CLIENT_ID = "service-day"
CLIENT_SECRET = "a secret of the county: with %20 and +"
PASSWORD = "the provider's own password"
PEOPLE = {
    "wang.guilan": {"email": "wang.guilan@county.example", "mfa": False},
    "zhou.wenqing": {"email": "zhou.wenqing@county.example", "mfa": True},
    "stranger": {"email": "li.wei@county.example", "mfa": False},
}
LOGIN = """<form method="post">{% csrf_token %}{{ form }}<input type="hidden" name="next" value="{{ next }}"></form>"""


def _configure(folder: Path, issuer: str) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    settings.configure(
        DEBUG=False,
        SECRET_KEY=secrets.token_urlsafe(32),
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF="tests.oidc_provider",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "provider.sqlite"}},
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "oauth2_provider",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {"loaders": [("django.template.loaders.locmem.Loader", {"registration/login.html": LOGIN})]},
            }
        ],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],  # these are nobody's passwords
        LOGIN_URL="/login/",
        USE_TZ=True,
        OAUTH2_PROVIDER={
            "OIDC_ENABLED": True,
            "OIDC_ISS_ENDPOINT": issuer,
            "OIDC_RSA_PRIVATE_KEY": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
            "OAUTH2_VALIDATOR_CLASS": "tests.oidc_claims.Claims",
            "PKCE_REQUIRED": True,
            "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
            "SCOPES": {"openid": "who", "profile": "name", "email": "mail"},
        },
    )
    django.setup()


def _people_and_client(return_to: str) -> None:
    from django.contrib.auth.models import Group, User  # noqa: PLC0415  (only once Django is set up)
    from oauth2_provider.models import Application  # noqa: PLC0415  (the same)

    several = Group.objects.create(name="mfa")
    for name, about in PEOPLE.items():
        user = User.objects.create_user(name, about["email"], PASSWORD)
        if about["mfa"]:
            user.groups.add(several)
    Application.objects.create(
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        algorithm=Application.RS256_ALGORITHM,
        redirect_uris=return_to,
        skip_authorization=True,
    )


def _urls() -> list[object]:
    from django.contrib.auth.views import LoginView  # noqa: PLC0415  (the same)
    from django.urls import include, path  # noqa: PLC0415  (the same)

    return [
        path("login/", LoginView.as_view()),
        path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    ]


def main() -> None:
    """Serve."""
    folder, port, return_to = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    sys.modules.setdefault("tests.oidc_provider", sys.modules["__main__"])
    _configure(folder, f"http://127.0.0.1:{port}/o")
    from django.core.management import call_command  # noqa: PLC0415  (the same)
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler  # noqa: PLC0415  (the same)
    from django.core.wsgi import get_wsgi_application  # noqa: PLC0415  (the same)

    call_command("migrate", verbosity=0)
    _people_and_client(return_to)
    globals()["urlpatterns"] = _urls()
    server = ThreadedWSGIServer(("127.0.0.1", port), WSGIRequestHandler)
    server.set_app(get_wsgi_application())

    def end_with_whoever_began() -> None:
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=end_with_whoever_began, daemon=True).start()
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
