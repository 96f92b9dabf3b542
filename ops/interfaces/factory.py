"""Makes execution interfaces."""

from collections.abc import Callable, Mapping
from typing import Any

from config.problems import escaped
from ops.interfaces.chosen import veiled
from ops.interfaces.execution import (
    BaseExecutionInterface,
    CEXExecutionInterface,
    OnChainExecutionInterface,
    TransferExecutionInterface,
)
from ops.interfaces.facades import DataProvider, EventLogger, PositionMonitor

_KINDS: Mapping[object, Callable[[str, Mapping[str, Any]], BaseExecutionInterface]] = {
    "cex": CEXExecutionInterface,
    "onchain": OnChainExecutionInterface,
    "transfer": TransferExecutionInterface,
}


class ExecutionInterfaceFactory:
    """Makes execution interfaces, one or all that this version has."""

    @staticmethod
    def create_interface(interface_type: str, execution_mode: str, config: Mapping[str, Any]) -> BaseExecutionInterface:
        """Make an interface.

        Raises:
            ValueError: An unknown type, one that is not in this version, or a config that makes no sense.
        """
        if interface_type not in _KINDS:
            raise ValueError(f"Unsupported interface type: {escaped(str(interface_type))}")
        config = veiled(config)
        return _KINDS[interface_type](execution_mode, config)

    @staticmethod
    def create_all_interfaces(execution_mode: str, config: Mapping[str, Any]) -> dict[str, BaseExecutionInterface]:
        """Make all interfaces of this version: ``cex``."""
        config = veiled(config)
        return {"cex": ExecutionInterfaceFactory.create_interface("cex", execution_mode, config)}

    @staticmethod
    def set_interface_dependencies(
        interfaces: Mapping[str, BaseExecutionInterface | None],
        position_monitor: PositionMonitor | None,
        event_logger: EventLogger | None,
        data_provider: DataProvider | None,
    ) -> None:
        """Give an engine's components, or None, to all interfaces."""
        for interface in interfaces.values():
            if interface is not None:
                interface.set_dependencies(position_monitor, event_logger, data_provider)
