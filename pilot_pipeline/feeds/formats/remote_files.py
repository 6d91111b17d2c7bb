"""Fetches files by URL (s3://, https://, … through fsspec); reading them is the readers'."""

from __future__ import annotations

from pilot_pipeline.errors import BadInput

_EXTRAS = {"s3": "pip install 'pilot-pipeline[s3]'"}


def read_remote(url: str, feed: str) -> list[tuple[str, bytes]]:
    """Return the name and the bytes of every file that a URL, which may be a glob, leads to, in order of their names.

    Names and messages leave out what may stand before the host or after the path, for it may be a secret.

    Raises:
        BadInput: nothing installed here knows the scheme, no file matches, or one cannot be fetched.
    """
    import fsspec

    scheme = url.partition("://")[0]
    try:
        system, path = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError):
        how = _EXTRAS.get(scheme, f"give a path, or install the fsspec package for {scheme}")
        raise BadInput(f"feeds.{feed}.source: {scheme}:// cannot be read with what is installed here; {how}.") from None
    try:
        found = sorted(system.glob(path)) if any(mark in path for mark in "*?[") else [path]
        contents = [(_named(scheme, name), system.cat_file(name)) for name in found]
    # Every file system raises errors of its own, and their messages may hold keys.
    except Exception as error:
        raise BadInput(f"feeds.{feed}.source: {scheme}:// could not be read ({type(error).__name__}).") from None
    if not contents:
        raise BadInput(f"feeds.{feed}.source: no file matches at {scheme}://.")
    return contents


def _named(scheme: str, path: str) -> str:
    bare = path.partition("?")[0].partition("#")[0]
    bare = bare.partition("://")[2] or bare
    host, slash, rest = bare.lstrip("/").partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{rest}"
