"""What whoever plays the story may set: read from the environment."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class DemoSettings(BaseSettings):
    """Every field is an environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    state: Path = Field(Path("var"), description="Where the system lives; it is started where it is not up")
    keep: bool = Field(False, description="Leave the system up although the story started it")
    flush: bool = Field(False, description="Flush Redis also on a system that the story did not start")
    admin_email: str = "admin@example.com"

    e2e_state: Path | None = Field(None, description="Play the scenarios on the running system of this folder")
    e2e_project: str | None = Field(None, description="Play on the running containers of this Compose project instead")
    e2e_env_file: Path = Field(Path(".env"), description="The .env that they were started with")
    e2e_seed: int | None = Field(None, description="Which containers are killed when; else drawn, and told")
    e2e_base_url: str | None = Field(None, description="Play against this gateway instead, and start nothing")
    e2e_mails_url: str = Field("http://127.0.0.1:8025", description="That system's mail catcher")
    e2e_admin_password: str = Field("", repr=False, description="The password of that system's admin")
