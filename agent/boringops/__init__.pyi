from boringops.errors import BoringopsError as BoringopsError
from boringops.errors import UsageError as UsageError
from boringops.events import Event as Event
from boringops.executor import Answer as Answer
from boringops.handoff import Handoff as Handoff
from boringops.hooks import ToolCall as ToolCall
from boringops.outputs import Outputs as Outputs
from boringops.result import Result as Result
from boringops.specialist import Specialist as Specialist
from boringops.specialist import Task as Task
from boringops.tool import Effect as Effect
from boringops.tool import InDoubt as InDoubt
from boringops.tool import Tool as Tool
from boringops.tool import ToolContext as ToolContext
from boringops.tool import ToolError as ToolError
from boringops.tool import ToolInput as ToolInput
from boringops.tool import ToolResult as ToolResult

__version__: str
