"""The operator's metrics: labeled by kind and reason, never by a user or a name."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

BATCHES = Counter("tenantry_batches", "Batches by how they ended.", ["result"], registry=REGISTRY)
BATCH_SECONDS = Histogram(
    "tenantry_batch_seconds", "Time from the start of a batch to its commit.", buckets=_SECONDS, registry=REGISTRY
)
OBJECTS = Counter("tenantry_objects", "Objects reconciled, by kind.", ["kind"], registry=REGISTRY)
SET_ASIDE = Gauge("tenantry_objects_set_aside", "Objects that fail and are tried again later.", registry=REGISTRY)
WAITING = Gauge("tenantry_queue_length", "What waits, by queue.", ["queue"], registry=REGISTRY)
LAG = Gauge("tenantry_lag_seconds", "How long the oldest waiting object has waited.", registry=REGISTRY)
API_WRITES = Counter(
    "tenantry_api_writes",
    "Writes to the API server by kind, what was written and how it ended.",
    ["kind", "what", "result"],
    registry=REGISTRY,
)
RETRIES = Counter("tenantry_retries", "Attempts that failed and are made again, by what.", ["what"], registry=REGISTRY)
STORE_UP = Gauge("tenantry_store_up", "Whether the store answered the last time it was asked.", registry=REGISTRY)
LEADING = Gauge("tenantry_leading", "Whether this process holds the lease.", registry=REGISTRY)
WATCHES_UP = Gauge("tenantry_watches_up", "Whether the watches of all kinds are running.", registry=REGISTRY)
SWEEPS = Counter("tenantry_sweeps", "Sweeps by how they ended.", ["result"], registry=REGISTRY)
DRIFTED = Counter("tenantry_drifted_objects", "Objects that a sweep found out of step.", ["kind"], registry=REGISTRY)
DETACHED = Gauge("tenantry_detached_tenants", "Tenants found detached by the last sweep.", registry=REGISTRY)
SECRET_READS = Counter("tenantry_secret_reads", "Reads of Secrets, by why.", ["why"], registry=REGISTRY)
