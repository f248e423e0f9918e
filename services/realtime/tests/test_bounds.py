"""What goes out on a WebSocket goes out whole, whoever else sends and however slowly it is taken."""

from gevent import joinall, socket, spawn

from services.realtime.sockets.bounds import SentWhole

MEGABYTE = 2**20


def test_each_frame_is_sent_whole_and_after_the_other_though_the_reader_is_slow():
    server, client = socket.socketpair()
    with server, client:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        connection = SentWhole(server)
        frames = [letter * MEGABYTE for letter in (b"a", b"b", b"c")]
        senders = [spawn(connection.send, frame) for frame in frames]
        taken = b""
        while len(taken) < 3 * MEGABYTE:
            taken += client.recv(65536)
        joinall(senders, raise_error=True)
        assert [sender.value for sender in senders] == [MEGABYTE] * 3
        assert taken == b"".join(frames)
        assert connection.fileno() == server.fileno()
