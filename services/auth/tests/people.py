"""What people do with auth, in their own words."""

from shared.events.auth import UserRegistered
from shared.sealing import unseal

PASSWORD = "correct horse battery"


class Person:
    """Somebody with an address and a password."""

    def __init__(self, client, announced, seal_keys, email):
        self.client, self.announced, self.seal_keys, self.email = client, announced, seal_keys, email

    def registers(self, password=PASSWORD, email=None):
        body = {"email": email or self.email, "password": password}
        return self.client.post("/v1/auth/accounts", json=body)

    def link(self, number=-1):
        """The path of a mailed link, the newest unless told otherwise."""
        token = unseal(self.announced(UserRegistered)[number].verification_token, self.seal_keys)
        return f"/v1/auth/verifications/{token}"

    def follows_the_link(self, number=-1):
        return self.client.get(self.link(number))

    def signs_in(self, password=PASSWORD, email=None):
        return self.client.post("/v1/auth/sessions", json={"email": email or self.email, "password": password})

    def tokens(self):
        answer = self.signs_in()
        assert answer.status_code == 201, answer.get_json()
        return answer.get_json()

    def refreshes(self, refresh_token):
        return self.client.post("/v1/auth/tokens", json={"refresh_token": refresh_token})

    def asks_who_she_is(self, access_token):
        return self.client.get("/v1/auth/me", headers={"Authorization": f"Bearer {access_token}"})

    def signs_out(self, access_token):
        headers = {"Authorization": f"Bearer {access_token}"}
        return self.client.delete("/v1/auth/sessions/current", headers=headers)
