"""A Compose project of a run's own: .env with free ports, images, up until all is well, down without a trace."""

import re
import secrets
import subprocess
import sys
import time
from pathlib import Path

from demo.containers import Containers, ailing, said, succeeds
from demo.system import ROOT
from demo.waiting import DidNotHappen, ensure
from quintet import ports

TAG = "compose-test"
WELL_WITHIN, DOWN_WITHIN = 420.0, 240.0
DOWN_ATTEMPTS = 3
LOG_LINES = "200"


class Project:
    """Made in a folder; `system` is how it is reached and tampered with."""

    def __init__(self, folder: Path, tag: str = TAG):
        self.env_file, self.tag = folder / ".env", tag
        gateway = ports.choose()
        mails = ports.choose([gateway])
        settings = {
            "GATEWAY_ADDRESS": f"127.0.0.1:{gateway}",
            "PUBLIC_URL": f"http://127.0.0.1:{gateway}",
            "MAIL_CATCHER_ADDRESS": f"127.0.0.1:{mails}",
            "QUINTET_TAG": tag,
            "BACKUP_FOLDER": str(folder / "backups"),
            "BACKUP_KEY_FILE": str(folder / "backup.key"),
            "OUTSIDE_KEYS_FOLDER": str(folder / "outside-keys"),
        }
        (folder / "backups").mkdir()
        (folder / "backup.key").write_text(secrets.token_urlsafe(32))
        self.env_file.touch(mode=0o600)
        self.env_file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        said(sys.executable, "-m", "quintet", "env", "--file", str(self.env_file))
        self.system = Containers.of(f"quintet-{secrets.token_hex(4)}", self.env_file, is_ours=True)

    def missing_images(self) -> list[str]:
        """The images of others that this engine neither has nor gets."""
        told = self.system.compose("config")
        own = {*re.findall(rf"image: (quintet-\S+:{self.tag})", told)}
        named = {*re.findall(r"(?:_IMAGE|image): (\S+)", told)} - own
        return sorted(one for one in named if not succeeds("docker", "image", "inspect", one) and not pulled(one))

    def build(self) -> None:
        """The images, out of the engine's cache as far as nothing changed."""
        tell("building the images (minutes where the engine has nothing of them yet)")
        self._shown("build", "--quiet")
        self._shown("build", "--quiet", "operator")  # in a profile of its own

    def up(self) -> None:
        """Starts everything and returns when every container is well; DidNotHappen names those that are not."""
        self.start()
        self.wait_until_well()

    def start(self) -> None:
        """Starts everything."""
        tell(f"starting {self.system.project} at {self.system.url}")
        self._shown("up", "--detach")

    def wait_until_well(self) -> None:
        """Returns when every container is well, and says meanwhile which are not."""
        deadline, last = time.monotonic() + WELL_WITHIN, None
        while ill := ailing(self.system.containers()):
            if (now := sorted(one.partition(":")[0] for one in ill)) != last:
                tell(f"waiting for {', '.join(now)}")
                last = now
            if time.monotonic() > deadline:
                raise DidNotHappen(f"not well after {WELL_WITHIN:g} s: {'; '.join(ill)}")
            time.sleep(1)

    def keep_logs(self, file: Path) -> None:
        """Writes what every container said last into the file, for whoever looks for what went wrong."""
        logs = self.system.composed("logs", "--no-color", "--timestamps", "--tail", LOG_LINES)
        with file.open("w") as kept:
            subprocess.run(logs, cwd=ROOT, stdout=kept, stderr=subprocess.STDOUT, timeout=120, check=False)  # noqa: S603 - ours

    def down(self) -> None:
        """Removes containers, networks and volumes, whatever state they are in.

        Again where that fails: the engine may count a container that has ended as its network's for a while, and it may
        keep such a network for good, which is told; what runs must be gone.
        """
        tell(f"taking {self.system.project} down")
        for _ in range(DOWN_ATTEMPTS):
            try:
                self.system.compose("down", "--volumes", "--remove-orphans", "--timeout", "5", within=DOWN_WITHIN)
                return
            except DidNotHappen as reason:
                tell(f"not all is gone: {reason}")
        ensure(not self.system.containers(), "containers are left")

    def _shown(self, *words: str) -> None:
        """A command of Compose's whose output is shown as it comes."""
        done = subprocess.run(self.system.composed(*words), cwd=ROOT, stdin=subprocess.DEVNULL, check=False)  # noqa: S603 - ours
        if done.returncode:
            raise DidNotHappen(f"compose {words[0]} ended with status {done.returncode}")


def pulled(image: str) -> bool:
    """Whether an image could be had from wherever the engine gets images."""
    tell(f"pulling {image}")
    return succeeds("docker", "pull", "--quiet", image, within=600)


def tell(what: str) -> None:
    """A line of progress, with the time."""
    print(f"{time.strftime('%H:%M:%S')}  {what}", flush=True)
