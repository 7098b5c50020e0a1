"""What the kubelet asks: whether the process answers, and whether it can do its work."""

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse

from tenantry.runtime_api.caller import StoreOf
from tenantry.runtime_api.pulse import UnderWay
from tenantry.services.readiness import ask_store

router = APIRouter(include_in_schema=False)


@router.get("/livez", response_class=PlainTextResponse)
async def live() -> str:
    """Answer, whatever the store does: a restart would not bring it back."""
    return "ok\n"


@router.get("/readyz", response_class=PlainTextResponse)
async def ready(request: Request, store: StoreOf) -> str:
    """Answer 503 while the store is away or not migrated; at once, however many wait for the store."""
    under_way: UnderWay | None = getattr(request.app.state, "under_way", None)
    if under_way is not None:
        under_way.pulse.check()
    else:
        await run_in_threadpool(ask_store, store)
    return "ok\n"
