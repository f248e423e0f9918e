"""Conducting: makes the faults of a schedule at their times, overlapping where they do, and notes what was made."""

import threading
import time
from dataclasses import dataclass

from chaos.brokers import Impossible
from chaos.faults import Faults
from chaos.schedule import Fault
from chaos.system import Say


@dataclass
class Deed:
    """What became of a fault: its times of day, or why it was not made."""

    fault: Fault
    began: float = 0.0
    ended: float = 0.0
    skipped: str = ""


class Conductor:
    """`play` returns when every fault is over, or at once after `stop`, with every fault undone."""

    def __init__(self, faults: Faults, schedule: list[Fault], say: Say):
        self.faults, self.say = faults, say
        self.deeds = [Deed(fault) for fault in schedule]
        self._stopped = threading.Event()
        self._broken: list[BaseException] = []

    def play(self, begun: float) -> None:
        """Plays from `begun` (monotonic) on; raises what a fault raised unforeseen."""
        threads = [threading.Thread(target=self._make, args=(deed, begun), name=str(deed.fault)) for deed in self.deeds]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._broken:
            raise self._broken[0]

    def stop(self) -> None:
        """Ends every fault that lasts and begins no other."""
        self._stopped.set()

    def _make(self, deed: Deed, begun: float) -> None:
        if self._stopped.wait(max(0.0, begun + deed.fault.at - time.monotonic())):
            deed.skipped = "the run was ended"
            return
        self.say(f"{time.monotonic() - begun:6.1f} s  {deed.fault}")
        try:
            self._last(deed, begun)
        except Impossible as reason:
            deed.skipped = str(reason)
            self.say(f"          not made: {reason}")
        except BaseException as error:
            deed.skipped = f"{type(error).__name__}: {error}"
            self._broken.append(error)
            self.stop()

    def _last(self, deed: Deed, begun: float) -> None:
        began = time.time()
        with self.faults.during(deed.fault):
            deed.began = began
            self._stopped.wait(max(0.0, begun + deed.fault.ends - time.monotonic()))
        deed.ended = time.time()
