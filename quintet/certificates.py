"""The gateway's own certificate: looked at before nginx is to serve it, and laid where nginx reads it."""

from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509 import (
    Certificate,
    DNSName,
    ExtensionNotFound,
    IPAddress,
    SubjectAlternativeName,
    load_pem_x509_certificates,
)

from quintet import files
from quintet.failing import Failed

CERTIFICATE, KEY = "certificate.pem", "key.pem"


def lay(certificate: Path, key: Path, folder: Path, *, public_url: str, key_mode: int = 0o600) -> bool:
    """Copies both into a folder; False when they were there already, Failed when no client could connect by them."""
    chain, secret = _text(certificate, "TLS_CERTIFICATE"), _text(key, "TLS_KEY")
    leaf = _leaf(chain, certificate)
    if _public_half(secret, key) != leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo):
        raise Failed(f"{key} is not the key of {certificate}.")
    if leaf.not_valid_after_utc <= datetime.now(UTC):
        raise Failed(f"{certificate} has been invalid since {leaf.not_valid_after_utc:%Y-%m-%d %H:%M} UTC.")
    _require_name(leaf, certificate, public_url)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    is_new_key = files.write(folder / KEY, secret, mode=key_mode)
    return files.write(folder / CERTIFICATE, chain, mode=0o644) or is_new_key


def require_both(certificate: object, key: object) -> bool:
    """Whether the gateway is to speak TLS; Failed where only one of its two files is named."""
    if bool(certificate) != bool(key):
        raise Failed("TLS_CERTIFICATE and TLS_KEY belong together: give both or none.")
    return bool(certificate)


def _text(file: Path, setting: str) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Failed(f"{setting}: {file} can't be read: {error}") from None


def _leaf(chain: str, file: Path) -> Certificate:
    try:
        return load_pem_x509_certificates(chain.encode())[0]
    except ValueError as error:
        raise Failed(f"{file} is no certificate in PEM: {error}") from None


def _public_half(secret: str, file: Path) -> bytes:
    try:
        key = load_pem_private_key(secret.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise Failed(f"{file} is no key in PEM without a password: {error}") from None
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _require_name(leaf: Certificate, file: Path, public_url: str) -> None:
    address = urlsplit(public_url)
    if address.scheme != "https" or not address.hostname:
        raise Failed(f"With TLS_CERTIFICATE the PUBLIC_URL begins with https://, not {public_url}.")
    if not _covers(leaf, address.hostname):
        raise Failed(f"{file} is not for {address.hostname}, which PUBLIC_URL names.")


def _covers(leaf: Certificate, host: str) -> bool:
    try:
        names = leaf.extensions.get_extension_for_class(SubjectAlternativeName).value
    except ExtensionNotFound:
        return False
    try:
        return ip_address(host) in names.get_values_for_type(IPAddress)
    except ValueError:
        wild = "*." + host.partition(".")[2]
        return any(name.lower() in (host, wild) for name in names.get_values_for_type(DNSName))
