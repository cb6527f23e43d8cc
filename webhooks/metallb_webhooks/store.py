"""The copy of what is stored that rules look at: fed from lists and watches, always of one moment.

resourceVersions of one kind are compared as integers (KEP-5504, Kubernetes 1.35; etcd's revision
ever since). Each kind's copy knows up to which revision it is true, and takes in nothing older:
a list, or an object, that was read in the meantime may so run ahead of the watch. What is followed
in single namespaces is told apart by namespace, as `Followed.scope` has it.

An object that cannot be read is left out and remembered by name: it is in nobody's way.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from metallb_crds.meta import Resource
from metallb_kube.client import WatchEvent
from metallb_kube.objects import Manifest, resource_version
from metallb_webhooks.followed import FOLLOWED, Followed
from metallb_webhooks.index import Index, Key, Object
from metallb_webhooks.reading import UnreadableError

Seen = Callable[[str, Key, Manifest], None]
"""Is told kind and key of every object that a list or a watch shows, and the object."""


class Store:
    """Everything that is followed.

    Attributes:
        index: what rules look at.
    """

    def __init__(self, seen: Seen | None = None) -> None:
        """Begin with nothing; `seen` is told what is shown, deletions included."""
        self.index = Index()
        self._seen = seen or (lambda _kind, _key, _manifest: None)
        self._revisions: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._unreadable: dict[str, dict[Key, str]] = {kind: {} for kind in FOLLOWED}

    @property
    def unreadable(self) -> Mapping[tuple[str, Key], str]:
        """Why an object could not be read, by kind and key, for those that could not."""
        return {
            (kind, key): reason
            for kind, reasons in self._unreadable.items()
            for key, reason in reasons.items()
        }

    def stored(self, kind: str, namespace: str, name: str) -> Resource | None:
        """Return an object of one of MetalLB's kinds; None if it is not there, or unreadable."""
        found = self.index.objects[kind].get(FOLLOWED[kind].key_for(namespace, name))
        return found if isinstance(found, Resource) else None

    def replace(
        self,
        kind: str,
        items: Iterable[Manifest],
        revision: int | None = None,
        *,
        scope: str = "",
    ) -> None:
        """Take in a complete list.

        Args:
            kind: what was listed.
            items: everything there is of it.
            revision: of the list. Where it is not known, that of its youngest object will do:
                no event that the list does not contain is older.
            scope: the namespace that was listed; "" if that is all of them.
        """
        followed = FOLLOWED[kind]
        listed = tuple(items)
        reasons = {key: why for key, why in self._unreadable[kind].items() if _is_out(key, scope)}
        others = [one for key, one in self.index.objects[kind].items() if _is_out(key, scope)]
        self.index.replace(kind, chain(others, self._readable(followed, listed, reasons)))
        self._unreadable[kind] = reasons
        newest = max(map(version_of, listed), default=0)
        self._revisions[kind, scope] = newest if revision is None else revision
        for item in listed:
            self._seen(kind, followed.key(item), item)

    def drop(self, kind: str, scope: str) -> None:
        """Forget a namespace that is not followed any more."""
        self.replace(kind, (), 0, scope=scope)

    def relearn(
        self, kind: str, items: Iterable[Manifest], revision: int, *, scope: str = ""
    ) -> None:
        """Take in a complete list, unless the watch is further already."""
        if revision > self._revisions[kind, scope]:
            self.replace(kind, items, revision, scope=scope)

    def learn(self, kind: str, item: Manifest) -> None:
        """Take in one object that was read by itself, unless a younger one is known."""
        if version_of(item) > self._known(kind, FOLLOWED[kind].key(item)):
            self._put(kind, item)

    def forget(self, kind: str, namespace: str, name: str) -> None:
        """Drop an object that was read by itself and was not there."""
        self._remove(kind, FOLLOWED[kind].key_for(namespace, name))

    def apply(self, kind: str, event: WatchEvent) -> None:
        """Take in what a watch shows, unless something younger is known."""
        version, key = version_of(event.object), FOLLOWED[kind].key(event.object)
        place = kind, FOLLOWED[kind].scope(event.object)
        if 0 < version <= self._revisions[place]:
            return
        self._revisions[place] = max(version, self._revisions[place])
        if 0 < version < self._known(kind, key):
            return
        if event.type == "DELETED":
            self._remove(kind, key)
            self._seen(kind, key, event.object)
        else:
            self._put(kind, event.object)

    def _put(self, kind: str, item: Manifest) -> None:
        followed = FOLLOWED[kind]
        key = followed.key(item)
        reasons: dict[Key, str] = {}
        thing = _decode(followed, item, reasons)
        if thing is None:
            self._remove(kind, key)
            self._unreadable[kind].update(reasons)
        elif self.index.objects[kind].get(key) != thing:
            self._remove(kind, key)
            self.index.put(thing)
        self._seen(kind, key, item)

    def _remove(self, kind: str, key: Key) -> None:
        self._unreadable[kind].pop(key, None)
        self.index.remove(kind, key)

    def _known(self, kind: str, key: Key) -> int:
        """Return the version that is kept of an object; 0 where none is, or it has none."""
        thing = self.index.objects[kind].get(key)
        return _number(thing.metadata.resource_version) if isinstance(thing, Resource) else 0

    def _readable(
        self, followed: Followed, items: Iterable[Manifest], reasons: dict[Key, str]
    ) -> Iterator[Object]:
        known = self.index.objects[followed.kind]
        for item in items:
            thing = known.get(followed.key(item))
            if thing is None or not _is_version(thing, resource_version(item)):
                thing = _decode(followed, item, reasons)
            if thing is not None:
                yield thing


def _is_out(key: Key, scope: str) -> bool:
    """Whether what has this key is in another namespace than the one."""
    return bool(scope) and not isinstance(key, str) and key[0] != scope


def version_of(manifest: Manifest) -> int:
    """Return the resourceVersion as a number; 0 where it is none."""
    return _number(resource_version(manifest))


def _number(version: str) -> int:
    return int(version) if version.isdecimal() else 0


def _is_version(thing: Object, version: str) -> bool:
    """Whether this is what is kept of that very version: then it need not be decoded again."""
    return (
        isinstance(thing, Resource)
        and bool(version)
        and (thing.metadata.resource_version == version)
    )


def _decode(followed: Followed, item: Mapping[str, Any], reasons: dict[Key, str]) -> Object | None:
    """Return what is kept of an object; None, and a reason, where it cannot be read."""
    try:
        return followed.decode(item)
    except UnreadableError as error:
        reasons[followed.key(item)] = str(error)
        return None
