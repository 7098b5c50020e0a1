"""The log of a process: one line an event, keys and values, UTC, and never a secret or anything of a person.

Objects are told by kind and UID, not by name; exceptions by type and place, not by text, but for what the driver of a
database says of a store that cannot be reached (StoreUnavailable.why).
"""

import logging
import sys
import traceback
from typing import Any

from tenantry.hidden import hidden

with hidden("rich"):  # structlog imports it for colored tracebacks, of which we print none: 5 MB
    import structlog
    from structlog.contextvars import bind_contextvars, merge_contextvars
    from structlog.typing import EventDict, Processor, WrappedLogger

_FRAMES = 6
_LONGEST_OF_KOPF = 240


def get_logger(name: str) -> Any:  # noqa: ANN401 - structlog's own type is a lazy proxy for any logger
    """Return the logger of a module."""
    return structlog.get_logger(name)


def configure_logging(level: str, *, json: bool) -> None:
    """Send all logs, our own and the libraries', to standard error in one format."""
    shared: list[Processor] = [
        merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _describe,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_handler(shared, json=json)], level=level.upper(), force=True)
    # kopf logs whole objects at debug and each event at info, and warns that it leaves signals to us.
    logging.getLogger("kopf").setLevel(logging.WARNING)
    logging.getLogger("kopf._core.reactor.running").setLevel(logging.ERROR)
    logging.getLogger("sqlalchemy").setLevel(logging.WARNING)


def bind_request(request_id: str) -> None:
    """Have what is logged on behalf of a request carry its id, in threads that take its context along too."""
    bind_contextvars(request=request_id)


def _describe(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Put what may be said of an exception in place of its text, whoever logs it."""
    found = event.pop("exc_info", None)
    error = found[1] if isinstance(found, tuple) else sys.exc_info()[1] if found is True else found
    return {**event, **describe_exception(error)} if isinstance(error, BaseException) else event


def _handler(shared: list[Processor], *, json: bool) -> logging.Handler:
    colors = sys.stderr.isatty()
    renderer = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=colors)
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler = logging.StreamHandler()
    handler.addFilter(_shorten)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[remove, renderer]))
    return handler


def _shorten(record: logging.LogRecord) -> bool:
    """Cut what kopf says of each failed request of each watch: its reason is in the first words."""
    if record.name.startswith("kopf.") and not record.args:
        record.msg = str(record.msg)[:_LONGEST_OF_KOPF]
    return True


def log_fault(logger: Any, event: str, error: BaseException, **fields: object) -> None:  # noqa: ANN401 - as get_logger
    """Log an unexpected exception; see describe_exception."""
    logger.error(event, **fields, **describe_exception(error))


def describe_exception(error: BaseException) -> dict[str, Any]:
    """Return what the log may say of an exception: its type and place.

    Its text is left out: validation and database errors quote values, which are people's data or passwords.
    """
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    found: dict[str, Any] = {
        "error": type(error).__name__,
        "at": [f"{frame.filename.rpartition('tenantry/')[2]}:{frame.lineno} {frame.name}" for frame in frames],
    }
    if error.__cause__ is not None:
        found["cause"] = type(error.__cause__).__name__
    return found
