"""Long polling, bounded: python-engineio's own client gives up when a poll brings more than 16 packets."""

from typing import Any

from engineio import socket

AT_ONCE = 16


class BoundedSocket(socket.Socket):
    """An Engine.IO session that hands out so many packets and keeps the others for the next poll."""

    def poll(self) -> list[Any]:
        """Waits for the first packet, and takes what has come with it; nothing where the session ends."""
        none_left = self.server.get_queue_empty_exception()
        try:
            packets = [self._taken(timeout=self.server.ping_interval + self.server.ping_timeout)]
        except none_left:
            raise socket.exceptions.QueueEmpty from None
        try:
            while packets[-1] is not None and len(packets) < AT_ONCE:
                packets.append(self._taken(block=False))
        except none_left:
            return packets
        if packets[-1] is None and len(packets) > 1:
            self.queue.put(None)  # for the next poll: what came before the end is told first
        return packets if packets[-1] is not None else packets[:-1]

    def _taken(self, **how: Any) -> Any:
        packet = self.queue.get(**how)
        self.queue.task_done()
        return packet


def bound() -> None:
    """Has every session be one of these; the library has no setting for it."""
    socket.Socket = BoundedSocket
