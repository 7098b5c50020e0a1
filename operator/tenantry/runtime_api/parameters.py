"""What a query may say: what the document tells of the route, and nothing else.

A name that is none would be let go by the framework, and what was meant to be one person's would be everybody's.
"""

from fastapi import Request

from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal, choices
from tenantry.runtime_api.caller import Direct
from tenantry.runtime_api.problem import Refused

#: So much of a name is repeated.
_LONGEST = 64


async def only_known(request: Request) -> None:
    """Refuse a parameter that the route does not have. What the document does not tell of, as SCIM, has its own rules.

    Raises:
        Refused: there is one, or nobody is to be told of it, since the token is none.
    """
    if not request.scope["query_string"]:
        return
    path = request.app.openapi()["paths"].get(request.scope["route"].path, {})
    operation = path.get(request.method.lower())
    if operation is None:
        return
    known = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"]
    unknown = next((name for name in request.query_params if name not in known), None)
    if unknown is None:
        return
    if operation.get("security"):
        await Direct.of(request).authenticated()
    name = unknown[:_LONGEST]
    raise Refused(Refusal(Reason.INVALID_REQUEST, name, f'"{name}" is no parameter of this call; {choices(known)}'))
