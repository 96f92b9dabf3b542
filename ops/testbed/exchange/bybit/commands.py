"""What clients say on a stream: op, args, req_id; and how Bybit answers."""

from collections.abc import Mapping

import msgspec

Frame = dict[str, object]


class Command(msgspec.Struct, frozen=True):
    """One request on a stream."""

    op: str = ""
    args: list[object] = []
    req_id: str | int = ""


def command(text: str) -> Command | None:
    """Return what a client said; None if it can't be read."""
    try:
        return msgspec.json.decode(text, type=Command)
    except msgspec.DecodeError:
        return None


def answered(said: Command, connection: str, *, success: bool, words: str = "") -> str:
    """Return the answer to a request."""
    answer: Frame = {"success": success, "ret_msg": words, "op": said.op, "conn_id": connection}
    if said.req_id != "":
        answer["req_id"] = said.req_id
    return written(answer)


def unread(connection: str) -> str:
    """Return the answer to what can't be read."""
    return written({"success": False, "ret_msg": "error:invalid op", "conn_id": connection, "request": {"op": ""}})


def written(frame: Mapping[str, object]) -> str:
    """Return a frame as text."""
    return msgspec.json.encode(frame).decode()
