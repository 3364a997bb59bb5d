"""Collects the output artifacts of a build (BLD-7)."""

import os
import shutil

from patterns import covers, expand, find, magic, references, split
from protocol import Failure, directory, say, warn


def assign(spec, outputs):
    """Which files each output artifact of the action gets: a list of (artifact, Files)."""
    if not outputs:
        return []
    names = [artifact["name"] for artifact in outputs]
    if len(outputs) == 1:
        files = spec.artifacts or spec.secondary.get(names[0])
        if files:
            return [(outputs[0], files)]
        raise Failure(
            "ConfigurationError",
            f"{spec.name}: artifacts.files is missing, but the action has the output "
            f"artifact {names[0]}; list what it holds, such as '**/*'",
        )
    missing = [name for name in names if name not in spec.secondary]
    if missing:
        raise Failure(
            "ConfigurationError",
            f"{spec.name}: artifacts.secondary-artifacts lacks {', '.join(missing)}; an "
            "action with several output artifacts needs one of that name for each",
        )
    return [(artifact, spec.secondary[artifact["name"]]) for artifact in outputs]


def mentioned(spec):
    """The names of the variables in the paths of artifacts and reports."""
    every = [files for files in (spec.artifacts, *spec.secondary.values(), *spec.reports.values()) if files]
    return references([text for files in every for text in (files.base, *files.files, *files.exclude)])


def bases(files, source, values):
    """The directories that the patterns begin in; a base-directory may be a pattern of directories."""
    base = expand(files.base, values)
    found = [os.path.normpath(os.path.join(source, base))]
    if magic(base) and not os.path.isdir(found[0]):
        import glob

        top, rest = split(base, source)
        names = glob.glob("/".join(rest), root_dir=top, include_hidden=True)
        found = sorted(path for path in (os.path.join(top, name) for name in names) if os.path.isdir(path))
    if not found or not os.path.isdir(found[0]):
        raise Failure("JobFailed", f"the base-directory {base!r} is no directory that the build left")
    return found


def select(files, source, values):
    """Absolute path to path in the artifact, for all files that a pattern matches; every pattern must match some."""
    chosen, tops = {}, bases(files, source, values)
    excluded = [expand(text, values) for text in files.exclude]
    for text in files.files:
        pattern, any_found = expand(text, values), False
        for base in tops:
            for path in find(pattern, base, follow=not files.links):
                any_found = True
                inner = place(path, pattern, base)
                if not any(covers(each, base, path) for each in excluded):
                    chosen[path] = os.path.basename(path) if files.flat else inner
        if not any_found:
            folder = next((base for base in tops if os.path.isdir(os.path.join(base, pattern))), None)
            hint = f"; for a directory's content write {pattern.rstrip('/')}/**/*" if folder else ""
            raise Failure("JobFailed", f"the files pattern {text!r} matches nothing that the build left{hint}")
    return chosen


def place(path, pattern, base):
    """Where a file lands: below its base; what lies elsewhere, as /tmp/build.json, below the pattern's directory."""
    inside = base.rstrip("/") + "/"
    return path[len(inside) :] if path.startswith(inside) else os.path.relpath(path, split(pattern, base)[0])


def copy(source, target, links):
    """One file; links are followed, or kept if `links`. False if there is nothing to copy."""
    if os.path.islink(source):
        if links:
            os.symlink(os.readlink(source), target)
            return True
        if not os.path.exists(source):
            warn(f"the link {source} leads nowhere and is left out")
            return False
    if not os.path.isfile(source):
        raise Failure("JobFailed", f"{source} is neither file nor link, so no artifact can hold it; choose other files")
    shutil.copyfile(source, target)
    shutil.copystat(source, target)
    return True


def collect(artifact, files, source, values):
    chosen, destination, made, known = select(files, source, values), directory(artifact), 0, set()
    for path, inner in chosen.items():
        target = os.path.join(destination, inner)
        parent = os.path.dirname(target)
        if parent not in known:
            os.makedirs(parent, exist_ok=True)
            known.add(parent)
        if os.path.lexists(target):
            warn(f"artifact {artifact['name']}: several files are called {inner}; {path} is left out")
            continue
        made += copy(path, target, files.links)
    say(f"Artifact {artifact['name']}: {made} file{'s' * (made != 1)}")


def upload(spec, outputs, source, values):
    for artifact, files in assign(spec, outputs):
        collect(artifact, files, source, values)
