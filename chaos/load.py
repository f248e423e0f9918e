"""The load of a run: who takes part, and the clients that write, register, upload, submit and subscribe."""

import threading
import time

from chaos.book import Book
from chaos.clients import writers
from chaos.clients.calling import Account, Caller, session
from chaos.clients.clocked import Clocked
from chaos.clients.probing import Probe
from chaos.clients.registrars import Registrar
from chaos.clients.submitters import Submitter
from chaos.clients.subscribers import Subscriber
from chaos.clients.uploaders import Uploader
from chaos.clients.writers import SEE_ALL, SEE_OPEN, Writer
from chaos.system import System
from demo import system as demo_system
from demo.people import Person
from demo.waiting import eventually

WRITERS, WRITE_SECONDS = 3, 0.5
REGISTER_SECONDS, UPLOAD_SECONDS, SUBMIT_SECONDS = 2.0, 4.0, 2.0
PROBE = "probe"
LATE = (0.3, 0.6)
"""When, as shares of the run, somebody subscribes who was not there before."""


class Load:
    """`begin`, then `end`; between them calls go on at a steady rate."""

    def __init__(self, system: System, seed: int, book: Book):
        self.system, self.seed, self.book = system, seed, book
        self.stopping = threading.Event()
        place = demo_system.found(system.state.folder, system.settings.admin_email, is_ours=True)
        self.admin = Account(system.url, place.admin_email, place.admin_password)
        self._http = session()
        eventually(lambda: self.admin.sign_in(self._http), "the admin is signed in")
        self._place = place
        self.clients: list[Clocked] = []
        self.subscribers: list[Subscriber] = []

    def begin(self, duration: float) -> None:
        """Everybody is there, subscribed, and begins."""
        people = [self._arrival(f"writer{number}") for number in range(WRITERS)]
        bystander = self._arrival("bystander")
        self._make_ledger()
        self.watcher = self._subscribe("admin", self.admin, SEE_ALL)
        self._subscribe("owner", people[0], SEE_OPEN)
        self._subscribe("bystander", bystander, SEE_OPEN)
        eventually(lambda: all(one.is_listening.is_set() for one in self.subscribers), "all subscribed", within=120)
        self.clients = self._clients(people)
        for client in self.clients:
            client.start()
        for number, share in enumerate(LATE):
            late = threading.Timer(share * duration, self._subscribe, (f"late{number}", bystander, SEE_OPEN))
            late.daemon = True
            late.start()

    def end(self, patience: float) -> None:
        """No new call is begun; those under way have `patience` seconds to learn how they end."""
        self.stopping.set()
        for client in self.clients:
            client.caller.deadline = time.monotonic() + patience
        for client in self.clients:
            client.join()
        mistakes = [client.error for client in self.clients if client.error]
        if mistakes:
            raise mistakes[0]

    def say_farewell(self, within: float) -> list[str]:
        """A last write that everybody sees, and so all before it; the names of those who do not see it in time."""
        call = writers.create(self._caller("farewell", self.admin, within), is_open=True, is_patient=True)
        deadline = time.monotonic() + within
        while missing := [one.name for one in self.subscribers if call.id not in {s.note for s in one.sightings()}]:
            if time.monotonic() > deadline:
                break
            time.sleep(0.1)
        for subscriber in self.subscribers:
            subscriber.stopping.set()
        for subscriber in self.subscribers:
            subscriber.join()
        return missing

    def _clients(self, people: list[Account]) -> list[Clocked]:
        callers = {name: self._caller(name, who) for name, who in self._roles(people).items()}
        return [
            *(Writer(callers[f"writer{number}"], WRITE_SECONDS) for number in range(WRITERS)),
            Registrar(callers["registrar"], REGISTER_SECONDS),
            Uploader(callers["uploader"], UPLOAD_SECONDS),
            Submitter(callers["submitter"], SUBMIT_SECONDS),
            Probe(callers[PROBE]),
        ]

    def _roles(self, people: list[Account]) -> dict[str, Account]:
        nobody = Account(self.system.url, "", "")
        roles = {f"writer{number}": person for number, person in enumerate(people)}
        return roles | {"registrar": nobody, "uploader": people[1], "submitter": people[2], PROBE: self.admin}

    def _caller(self, name: str, account: Account, patience: float | None = None) -> Caller:
        caller = Caller(name, self.seed, self.book, account, self.stopping)
        if patience is not None:
            caller.deadline = time.monotonic() + patience
        return caller

    def _subscribe(self, name: str, account: Account, sees: str) -> Subscriber:
        subscriber = Subscriber(name, account, sees)
        self.subscribers.append(subscriber)
        subscriber.start()
        return subscriber

    def _arrival(self, name: str) -> Account:
        person = Person(name, self._place).arrives()
        account = Account(self.system.url, person.email, person.password)
        account.id, account.token = person.id or "", person.api.token or ""
        person.api.http.close()
        return account

    def _make_ledger(self) -> None:
        headers = {"Authorization": f"Bearer {self.admin.token}"}
        url = f"{self.system.url}/v1/data/collections"
        self._http.post(url, json=writers.DEFINITION, headers=headers, timeout=60).raise_for_status()
        me = self._http.get(f"{self.system.url}/v1/auth/me", headers=headers, timeout=30)
        self.admin.id = me.json()["id"]
