"""The faults, by name. Each is done to a run from outside its processes and says what is to be expected meanwhile."""

from collections.abc import Awaitable, Callable

from tests.faults import bells, clients, databases, logs, processes, shut_out
from tests.faults.run import Run

Fault = Callable[[Run], Awaitable[None]]

FAULTS: dict[str, Fault] = {
    fault.__name__: fault
    for fault in (
        processes.killed,
        processes.replaced,
        bells.bell_killed,
        bells.bell_flushed,
        bells.bell_frozen,
        bells.bell_away,
        bells.bell_unreliable,
        databases.database_restarted,
        databases.connections_cut,
        databases.pool_exhausted,
        databases.commits_lost,
        databases.disk_full,
        databases.disk_without_a_byte,
        clients.hostile,
        logs.log_trimmed,
        logs.restored,
        shut_out.shut_out,
        shut_out.shut_out_without_bell,
    )
}
