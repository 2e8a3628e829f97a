"""Every error tenshot raises on purpose, as one small tree.

```
TenshotError
├── InputError        (ValueError)         an argument, option or combination that cannot be used
│   ├── ImageError                         an image that cannot be read or judged
│   └── SupportError                       a set of normal images that cannot teach anything
├── MissingError      (FileNotFoundError)  a file, folder or weights that are not there
├── TaskFileError     (ValueError)         a task file that is damaged, foreign or of another version
├── ExtractorError    (ValueError)         an extractor that is unknown or does not fit
├── OutputError       (OSError)            something that cannot be written
└── TrainingError     (RuntimeError)       a training that goes wrong: figures that are none, a collapse
```

Messages follow one grammar: *which argument or file, what is allowed, what came*. Each leaf is also the
builtin a caller would expect, so ``except ValueError`` works without importing anything from here.
"""

__all__ = [
    "ExtractorError",
    "ImageError",
    "InputError",
    "MissingError",
    "OutputError",
    "SupportError",
    "TaskFileError",
    "TenshotError",
    "TrainingError",
]


class TenshotError(Exception):
    """Base of every deliberate error."""


class InputError(TenshotError, ValueError):
    """An argument, option or combination of them that cannot be used."""


class ImageError(InputError):
    """An image that cannot be read, or that holds nothing to judge."""


class SupportError(InputError):
    """A set of normal images that cannot teach anything."""


class MissingError(TenshotError, FileNotFoundError):
    """A file, folder or set of weights that is not there."""


class TaskFileError(TenshotError, ValueError):
    """A task file that is damaged, foreign or of another version."""


class ExtractorError(TenshotError, ValueError):
    """An extractor that is unknown or does not fit the task."""


class OutputError(TenshotError, OSError):
    """Something that cannot be written."""


class TrainingError(TenshotError, RuntimeError):
    """A training that goes wrong: a loss that is no number, a collapse."""
