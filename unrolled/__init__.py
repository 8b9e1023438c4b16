"""`core.api` under the project's name: `import unrolled`, then `unrolled.load("lstm").predict(["not bad at all"])`."""

from core.api import Model, figure, load

__all__ = ["Model", "figure", "load"]
