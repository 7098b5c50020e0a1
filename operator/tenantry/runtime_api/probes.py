"""What the kubelet asks: whether the process answers, and whether it can do its work."""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from tenantry.runtime_api.caller import StoreOf
from tenantry.services.readiness import ask_store

router = APIRouter(include_in_schema=False)


@router.get("/livez", response_class=PlainTextResponse)
async def live() -> str:
    """Answer, whatever the store does: a restart would not bring it back."""
    return "ok\n"


@router.get("/readyz", response_class=PlainTextResponse)
def ready(store: StoreOf) -> str:
    """Answer 503 while the store is away or not migrated."""
    ask_store(store)
    return "ok\n"
