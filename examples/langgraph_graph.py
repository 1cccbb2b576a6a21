"""A LangGraph graph with boringops as its nodes: plan, interrupt for a person, act.

The graph keeps the run's id; the run itself lies in its journal, so the graph's checkpoints stay small.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypedDict

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt

from boringops import Result, Specialist
from boringops.plan import render


class State(TypedDict, total=False):
    task: str
    run_id: str
    status: str
    shown: str
    """What a person decides on: the plan or the questions, in the end what was done."""
    commit: str | None


def shown(result: Result) -> str:
    if result.questions:
        return "\n".join(question.question for question in result.questions)
    return render(result.plan) if result.plan and not result.commit else result.summary


def build(repo: str | Path, **settings: Any) -> Any:
    """The compiled graph. Run it with a `thread_id`, and go on with `Command(resume=...)`."""

    def plan(state: State) -> State:
        result = Specialist(repo, **settings).run(state["task"], stop_after_plan=True)
        return {"run_id": result.run_id, "status": result.status, "shown": shown(result)}

    def decide(state: State) -> Command[str]:
        """True approves; a text answers the questions."""
        said = interrupt({"status": state["status"], "shown": state["shown"]})
        if state["status"] == "needs_clarification":
            result = Specialist(repo, **settings).resume(state["run_id"], answer=str(said))
            return Command(goto="decide", update={"status": result.status, "shown": shown(result)})
        return Command(goto="act" if said is True else END)

    def act(state: State) -> State:
        result = Specialist(repo, **settings).resume(state["run_id"], approve=True)
        return {"status": result.status, "shown": shown(result), "commit": result.commit}

    graph = StateGraph(State)
    graph.add_node("plan", plan)
    graph.add_node("decide", decide, destinations=("decide", "act", END))
    graph.add_node("act", act)
    graph.add_edge(START, "plan")
    graph.add_edge("plan", "decide")
    graph.add_edge("act", END)
    return graph.compile(checkpointer=InMemorySaver())
