"""Runs the catcher: `python -m quintet.mailcatcher --smtp-port N --http-port N --folder var/mails`."""

import argparse
import signal
import threading
from pathlib import Path

from quintet.mailcatcher.mailbox import Mailbox
from quintet.mailcatcher.servers import http_server, smtp_server


def _servers(mailbox: Mailbox, options: argparse.Namespace):
    smtp = smtp_server(mailbox, options.smtp_port, host=options.host)
    return smtp, http_server(mailbox, options.http_port, host=options.host)


def main() -> None:
    """Serves until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="mailcatcher", description="Catches every mail and shows it locally.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--http-port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    mailbox = Mailbox(options.folder)
    smtp, http = _servers(mailbox, options)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=http.shutdown).start())
    smtp.start()
    print(f"mails at http://127.0.0.1:{http.server_port}/", flush=True)
    try:
        http.serve_forever()
    finally:
        smtp.stop()
        http.server_close()


if __name__ == "__main__":
    main()
