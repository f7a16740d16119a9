from groundwire.transport.frames import Ack, encode


def test_a_frame_is_sent_in_camel_case_and_without_what_it_does_not_say() -> None:
    frame = Ack(ref="q7", session_id="test_123", ts="2026-01-01T00:00:00.000Z")

    assert encode(frame) == (
        b'{"type":"ack","ref":"q7","sessionId":"test_123","ts":"2026-01-01T00:00:00.000Z"}'
    )
