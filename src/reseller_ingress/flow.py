"""Flow control of one connection: nothing more is read while requests of it wait."""

from uvicorn.protocols.http.flow_control import FlowControl


class HeldFlow(FlowControl):
    """While it is held, no request of the connection can have it read on."""

    is_held = False

    def hold(self) -> None:
        """Stop reading until `release`."""
        self.is_held = True
        self.pause_reading()

    def release(self) -> None:
        """Read on."""
        self.is_held = False
        self.resume_reading()

    def resume_reading(self) -> None:
        """Read on, unless the connection is held."""
        if not self.is_held:
            super().resume_reading()
