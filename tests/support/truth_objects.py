"""Rows of the truth table: writes, the object itself, interference, checks."""

from collections.abc import Mapping
from typing import Any, Final

from metallb_kube.errors import error_from
from metallb_kube.objects import ObjectRef, ref_of
from metallb_operator import problems
from metallb_operator.conditions import Reason
from metallb_operator.downgrade import ANNOTATION as ALLOWED
from metallb_operator.downgrade import downgrade
from metallb_operator.execute import Failure
from metallb_operator.identities import missing
from metallb_operator.intent import Intent, intent_of, misplaced
from metallb_operator.observation import Observation
from metallb_operator.releases import release_for
from metallb_operator.rollback import Rollback
from metallb_operator.settings import Settings
from metallb_operator.situation import Checked, Problem
from support.installed import beside_another
from support.observed import deployment, fresh, running
from support.samples import NAMESPACE, bgp, labelled
from support.truth import FINE, NEW, NOT_READY, ROLLING, Row, installing, rolling, stored, world


def without_account() -> tuple[Problem, ...]:
    """Return what is told of speakers whose ServiceAccount is gone."""
    labels = {"app": "metallb", "component": "speaker"}
    template = {"metadata": {"labels": labels}, "spec": {"serviceAccountName": "speaker"}}
    metadata = {"namespace": NAMESPACE, "name": "speaker"}
    speaker = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": metadata,
        "spec": {"selector": {"matchLabels": labels}, "template": template},
    }
    pod = {"metadata": {"name": "speaker-1", "labels": labels}}
    return missing(Observation({ref_of(speaker): speaker}, (pod,), identities={}))


def failed(kind: str, name: str, status: int, message: str, reason: str = "") -> dict[str, Any]:
    """Return what a write that was not taken adds to a situation."""
    body = {"message": message, "reason": reason}
    ref = ObjectRef("apps/v1", kind, NAMESPACE, name)
    return {"problems": problems.of_failures([Failure(ref, error_from(status, body))])}


def rejected(metadata: Mapping[str, Any], **spec: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    """Return what a MetalLB object that cannot be had adds to a situation."""
    manifest = {
        "apiVersion": "metallb.io/v1beta1",
        "kind": "MetalLB",
        "metadata": {"name": "metallb", "namespace": NAMESPACE, **metadata},
        "spec": spec,
    }
    settings = Settings(namespace=NAMESPACE)
    problem = misplaced(manifest, NAMESPACE) or intent_of(manifest, settings)
    if isinstance(problem, Intent):
        raise TypeError(f"that can be had: {spec}")
    return {"problems": (problem,)}


def blocked_downgrade() -> Problem:
    """Return why 0.15.3 does not take the place of 0.16.1."""
    advertised = bgp("web", serviceSelectors=[labelled(app="web")])
    problem = downgrade({}, "0.16.1", release_for("0.15.3"), [advertised])
    if problem is None:
        raise TypeError("nothing is lost")
    return problem


OBJECTS: Final = (
    # Writes that are not taken.
    Row(
        "a write is forbidden, at the first installation",
        "False ComponentMissing",
        "False Forbidden",
        "True Forbidden",
        tells=("DaemonSet metallb-system/speaker", 'cannot patch resource "daemonsets"', "bundle"),
        seen=world(without=["speaker"]),
        previous=installing(),
        given=failed(
            "DaemonSet",
            "speaker",
            403,
            'daemonsets.apps "speaker" is forbidden: User "system:serviceaccount:m:o" cannot patch'
            ' resource "daemonsets" in API group "apps"',
            "Forbidden",
        ),
    ),
    Row(
        "a repair is refused by an admission policy",
        FINE,
        "False RefusedByApiServer",
        "True RefusedByApiServer",
        tells=("ValidatingAdmissionPolicy", "denied request"),
        given=failed(
            "DaemonSet",
            "speaker",
            422,
            "daemonsets.apps speaker is forbidden: ValidatingAdmissionPolicy 'p' denied request",
            "Invalid",
        ),
    ),
    Row(
        "a quota refuses an object",
        FINE,
        "False RefusedByApiServer",
        "True RefusedByApiServer",
        tells=("exceeded quota",),
        given=failed(
            "Secret", "s", 403, 'secrets "s" is forbidden: exceeded quota: q', "Forbidden"
        ),
    ),
    Row(
        "the API server is not available",
        FINE,
        "False ApiServerUnavailable",
        "True ApiServerUnavailable",
        tells=("etcdserver: leader changed", "it is tried again"),
        given=failed("Deployment", "controller", 503, "etcdserver: leader changed"),
    ),
    Row(
        "a kind is not installed",
        FINE,
        "False MissingKind",
        "True MissingKind",
        tells=("CustomResourceDefinition",),
        given=failed("PodMonitor", "speaker", 404, "404 page not found"),
    ),
    Row(
        "a write fails while pods are rolled out",
        FINE,
        ROLLING,
        "True RefusedByApiServer",
        "False Progressing",
        seen=world(fresh("speaker", "n3", running("speaker"))),
        previous=rolling(),
        given=failed("Secret", "s", 422, "no", "Invalid"),
    ),
    # The object itself.
    Row(
        "the spec is invalid, and MetalLB runs",
        FINE,
        "False InvalidSpec",
        "True InvalidSpec",
        tells=("spec.bgpBackend", "'ospf'"),
        given=rejected({}, bgpBackend="ospf"),
    ),
    Row(
        "the release is unknown",
        FINE,
        "False InvalidSpec",
        "True InvalidSpec",
        tells=("9.9.9",),
        given=rejected({}, version="9.9.9"),
    ),
    Row(
        "rendering fails",
        FINE,
        "False RenderingFailed",
        "True RenderingFailed",
        tells=("no template",),
        given={"problems": (Problem(Reason.RENDERING_FAILED, "no template"),)},
    ),
    Row(
        "another MetalLB is there",
        "False NotInstalled",
        "False OtherInstallation",
        "True OtherInstallation",
        tells=("metallb-controller", "metallb.io/adopt"),
        previous=NEW,
        desired=(),
        given={"problems": (beside_another(),), "version": "", "backend": ""},
    ),
    Row(
        "an older release would ignore what is stored",
        FINE,
        "False DowngradeBlocked",
        "True DowngradeBlocked",
        tells=("0.15.3 is older than 0.16.1", "BGPAdvertisement 'web'", ALLOWED),
        given={"problems": (blocked_downgrade(),)},
    ),
    Row(
        "the object has a wrong name",
        "False NotInstalled",
        "False WrongName",
        "True WrongName",
        preflight="Unknown NotChecked",
        configuration="Unknown NotChecked",
        tells=("other", "rename it"),
        previous=NEW,
        desired=(),
        given=rejected({"name": "other"})
        | {"preflight": Checked(), "configuration": Checked(), "version": "", "backend": ""},
    ),
    Row(
        "the object is in a wrong namespace",
        "False NotInstalled",
        "False WrongNamespace",
        "True WrongNamespace",
        tells=("namespace default", f"namespace {NAMESPACE}"),
        previous=NEW,
        desired=(),
        given=rejected({"namespace": "default"}),
    ),
    # Somebody interferes.
    Row(
        "the controller is deleted, and about to come back",
        "False ComponentMissing",
        "True Applying",
        upgradeable="False Progressing",
        tells=("Deployment controller: it does not exist",),
        seen=world(without=["controller", "controller-n1"]),
    ),
    Row(
        "the controller is deleted while paused",
        "False ComponentMissing",
        "False Paused",
        "True ComponentMissing",
        tells=("Deployment controller: it does not exist",),
        seen=world(without=["controller", "controller-n1"]),
        given={"paused": True},
    ),
    Row(
        "the controller is scaled to 0 while paused",
        NOT_READY,
        "False Paused",
        "True ScaledToZero",
        tells=("it is scaled to 0 replicas",),
        seen=world(
            deployment("controller", replicas=0, status={"observedGeneration": 1}),
            without=["controller-n1"],
        ),
        given={"paused": True},
    ),
    Row(
        "paused, and nothing is wrong",
        FINE,
        "False Paused",
        upgradeable="False Paused",
        given={"paused": True},
    ),
    Row(
        "a speaker has been away for long while paused",
        NOT_READY,
        "False Paused",
        "True ProgressDeadlineExceeded",
        tells=("not on n1",),
        seen=world(without=["speaker-n1"]),
        previous=stored(700, Available=NOT_READY, Progressing="False Paused"),
        given={"paused": True},
    ),
    Row(
        "an object is being deleted and held",
        FINE,
        "True Applying",
        upgradeable="False Progressing",
        given={"waiting": ("ConfigMap frr-startup: it is being deleted",)},
    ),
    Row(
        "an object has been held for longer than a rollout may take",
        FINE,
        "True Applying",
        "True ObjectHeld",
        "False Progressing",
        tells=("not done after 600 s: ConfigMap frr-startup",),
        previous=stored(900, Available=FINE, Progressing="True Applying"),
        given={"waiting": ("ConfigMap frr-startup: it is being deleted",)},
    ),
    Row(
        "MetalLB is being removed",
        "False Removing",
        "True Removing",
        upgradeable="False Progressing",
        tells=("MetalLB is being removed",),
        desired=(),
        given={"removing": ("DaemonSet metallb-system/speaker", "Pod speaker-x on n1")},
    ),
    Row(
        "MetalLB cannot be removed",
        "False Removing",
        "True Removing",
        "True Forbidden",
        "False Progressing",
        tells=("cannot delete",),
        desired=(),
        given={"removing": ("DaemonSet metallb-system/speaker",)}
        | failed("DaemonSet", "speaker", 403, 'User "x" cannot delete resource', "Forbidden"),
    ),
    # What is checked.
    Row(
        "the cluster does not suit",
        upgradeable="False PreflightFailed",
        preflight="False PreflightFailed",
        given={"preflight": Checked(done=True, problems=("strictARP is off",))},
    ),
    Row(
        "the cluster suits, with a warning",
        upgradeable=FINE,
        preflight="True PreflightWarnings",
        given={"preflight": Checked(done=True, warnings=("kube-vip runs",))},
    ),
    Row(
        "an upgrade was given up",
        degraded="True RolledBack",
        upgradeable="False Degraded",
        tells=("0.16.1 was given up", "pods are refused", "try again"),
        given={"beside": (Rollback("u", 1, "0.16.1", "0.15.3", "pods are refused").problem,)},
    ),
    Row(
        "pods run as an account that is gone",
        degraded="True ServiceAccountMissing",
        upgradeable="False Degraded",
        tells=("missing ServiceAccounts: speaker.", "Install the operator's manifests again"),
        given={"beside": without_account()},
    ),
    Row(
        "nobody answers for admission",
        degraded="True AdmissionFailed",
        upgradeable="False Degraded",
        tells=("no endpoints",),
        given={"beside": (Problem(Reason.ADMISSION_FAILED, "no endpoints"),)},
    ),
    Row(
        "the stored configuration cannot work",
        upgradeable=FINE,
        configuration="False InvalidConfiguration",
        given={"configuration": Checked(done=True, problems=("pools a and b overlap",))},
    ),
    Row(
        "the stored configuration has a warning",
        upgradeable=FINE,
        configuration="True ConfigurationWarnings",
        given={"configuration": Checked(done=True, warnings=("pool a is not announced",))},
    ),
)
