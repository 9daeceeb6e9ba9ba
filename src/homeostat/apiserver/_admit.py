"""In whose name a request goes on, and whether it may."""

from msgspec.structs import replace

from homeostat._transport import HttpRequest, HttpResponse
from homeostat.apiserver._authn_impersonate import impersonated
from homeostat.apiserver._authorize import Authorizer, attributes_of, require
from homeostat.apiserver._render import status_response
from homeostat.apiserver._status import StatusError
from homeostat.apiserver._users import User

__all__ = ["admitted"]


def admitted(
    authorizer: Authorizer, request: HttpRequest, user: User
) -> User | HttpResponse:
    """Return in whose name a request of somebody's goes on, or the refusal of it."""
    try:
        acting = impersonated(authorizer, request, user)
        require(authorizer, attributes_of(request, acting))
    except StatusError as error:
        refusal = status_response(error)
        headers = {**refusal.headers, "x-content-type-options": "nosniff"}
        return replace(refusal, headers=headers)
    return acting
