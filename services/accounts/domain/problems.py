"""What a caller of accounts can be told, each with a stable code."""

from shared.access import AccessDenied as AccessDenied
from shared.identity.tokens import SignInNeeded as SignInNeeded
from shared.problems import IdempotencyKeyReused as IdempotencyKeyReused
from shared.problems import InvalidRequest as InvalidRequest
from shared.problems import Problem


class SignInRefused(Problem):
    """The login is unknown, the password or code wrong or used up, or the account is not active: which is not told."""

    status = 401
    code = "sign_in_refused"
    title = "Login, password or code are not right."


class CitizenCodeRefused(Problem):
    """The code is wrong, used, dead or tried too often, or the account is suspended: which is not told."""

    status = 401
    code = "citizen_code_refused"
    title = "Phone and code do not open anything."


class CodeNotSent(Problem):
    """The code could not be sent; nothing was kept of it."""

    status = 503
    code = "code_not_sent"
    title = "The code could not be sent."


class CodeNeeded(Problem):
    """The password was right; the telephone's code is missing."""

    status = 401
    code = "code_needed"
    title = "The code from the telephone is needed as well."


class TooManyTries(Problem):
    """The limit on guessing; `Retry-After` says when it is over."""

    status = 429
    code = "too_many_tries"
    title = "Too many tries."


class TooBusy(Problem):
    """More passwords are waiting to be looked at than may wait."""

    status = 429
    code = "too_busy"
    title = "Too many people are signing in at this moment."


class EnrolmentNeeded(Problem):
    """A first sign-in is good for a password of one's own and for the telephone's codes alone."""

    status = 403
    code = "enrolment_needed"
    title = "Choose a password and set up the telephone first."


class PasswordRefused(Problem):
    """The present password, asked for again before something is changed, is not right."""

    status = 403
    code = "password_refused"
    title = "The present password is not right."


class CodeRefused(Problem):
    """The first code of a telephone that is being set up is not right."""

    status = 422
    code = "code_refused"
    title = "The code is not right."


class NoTelephonePending(Problem):
    """No telephone is being set up."""

    status = 409
    code = "no_telephone_pending"
    title = "No telephone is being set up."


class AccountUnknown(Problem):
    """No such account."""

    status = 404
    code = "account_unknown"
    title = "There is no such account."


class AccountShut(Problem):
    """The account is suspended already, or closed for ever."""

    status = 409
    code = "account_shut"
    title = "The account's state does not allow this."


class LoginTaken(Problem):
    """Somebody signs in by this name."""

    status = 409
    code = "login_taken"
    title = "This login is taken."


class OfficialTaken(Problem):
    """Another account is this official's."""

    status = 409
    code = "official_taken"
    title = "This official has an account."


class GrantUnknown(Problem):
    """No such role, or one that was taken back."""

    status = 404
    code = "grant_unknown"
    title = "There is no such role."


class TooManyGrants(Problem):
    """A token has to carry them all."""

    status = 409
    code = "too_many_grants"
    title = "One account cannot hold more roles."


class LastOperator(Problem):
    """Without an operator nobody could let anybody in."""

    status = 409
    code = "last_operator"
    title = "This is the last operator."


class OperatorExists(Problem):
    """The first operator was made already."""

    status = 409
    code = "operator_exists"
    title = "There is an operator already."


class SessionUnknown(Problem):
    """No such sign-in of one's own, or one that is over."""

    status = 404
    code = "session_unknown"
    title = "There is no such sign-in."


class OidcNotOffered(Problem):
    """No provider of OpenID Connect is configured."""

    status = 404
    code = "oidc_not_offered"
    title = "Signing in with a provider is not offered here."


class OidcUnavailable(Problem):
    """The provider was not reached, or answered nothing usable."""

    status = 503
    code = "oidc_unavailable"
    title = "The provider cannot be reached."


class OidcRefused(Problem):
    """The provider's answer was not believed: which of its parts was wrong is not told."""

    status = 401
    code = "oidc_refused"
    title = "The provider's answer was not accepted."


class OidcExpired(Problem):
    """The browser brought back nothing that was begun here a short time ago."""

    status = 401
    code = "oidc_expired"
    title = "This sign-in was not begun here, or too long ago."


class OidcSubjectUnknown(Problem):
    """Whom the provider means is linked to no account that may sign in: unknown and suspended are told alike."""

    status = 403
    code = "oidc_subject_unknown"
    title = "No account here belongs to whom the provider named."


class OidcSubjectTaken(Problem):
    """The subject means another account."""

    status = 409
    code = "oidc_subject_taken"
    title = "Another account belongs to this subject."


class OidcTelephoneMissing(Problem):
    """The telephone's code is needed as well, and none was ever set up, which the handed-out password is for."""

    status = 403
    code = "oidc_telephone_missing"
    title = "Sign in once with the password that was handed out, and set up the telephone."


class DeviceUnknown(Problem):
    """No such kiosk or screen in the venues that the asker looks after."""

    status = 404
    code = "device_unknown"
    title = "There is no such device."


class TooManyDevices(Problem):
    """The venue has more of them than any hall; some are to be revoked first."""

    status = 409
    code = "too_many_devices"
    title = "One venue cannot have more devices."


class PairingRefused(Problem):
    """The code is nobody's, was used, or waited too long: which is not told."""

    status = 401
    code = "pairing_refused"
    title = "This code does not open."


class ErasureUnknown(Problem):
    """No such order to forget somebody."""

    status = 404
    code = "erasure_unknown"
    title = "There is no such erasure."


class ServiceAway(Problem):
    """Another service did not answer; half of what is held would be taken for the whole."""

    status = 503
    code = "service_away"
    title = "Not every service answered. Try again in a moment."


class PersonUnknown(Problem):
    """No such person of one's own."""

    status = 404
    code = "person_unknown"
    title = "There is no such person."


class PersonKnown(Problem):
    """One of one's own persons has this document."""

    status = 409
    code = "person_known"
    title = "A person with this document is there already."


class SelfKnown(Problem):
    """One is oneself only once."""

    status = 409
    code = "self_known"
    title = "You are there already."


class TooManyPersons(Problem):
    """As many as one account may keep."""

    status = 409
    code = "too_many_persons"
    title = "One account cannot keep more persons."


class DocumentUnknown(Problem):
    """The person has no such document."""

    status = 404
    code = "document_unknown"
    title = "The person has no such document."


class DocumentNeeded(Problem):
    """Nobody can be booked for without a document."""

    status = 409
    code = "document_needed"
    title = "The person needs a document."


class TooManyDocuments(Problem):
    """As many as one person may have."""

    status = 409
    code = "too_many_documents"
    title = "One person cannot have more documents."
