"""The play, act by act."""

from deploy.demo.assignments import opt_out, watch_assignments
from deploy.demo.checks import Checks, Say
from deploy.demo.circle import close_the_circle
from deploy.demo.deployment import Deployment
from deploy.demo.field_app import make_calls, read_briefs
from deploy.demo.figures import check_figures
from deploy.demo.marketing import engage
from deploy.demo.preparation import prepare
from deploy.demo.stage import open_stage
from deploy.demo.story import Played, tell_the_story


def play(deployment: Deployment, *, say: Say) -> tuple[Checks, list[str]]:
    """Plays one launch against the deployment; returns what was checked, and the story to tell.

    Ids that must be new are new in every run, so it can be played again in a world that holds earlier plays. Raises CannotGoOn
    when what the next act rests on is missing.
    """
    with open_stage(deployment, say=say) as stage:
        sources = prepare(stage)
        engage(stage, sources)
        leads = watch_assignments(stage)
        briefs = read_briefs(stage, leads)
        opt_out(stage, leads)
        objection_ids = make_calls(stage, leads)
        close_the_circle(stage, leads, objection_ids)
        funnel = check_figures(stage, leads, objection_ids)
        return stage.checks, tell_the_story(stage, Played(leads, briefs, objection_ids, funnel))
