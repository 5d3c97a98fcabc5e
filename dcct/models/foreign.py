"""A method of somebody else's behind DCCT's Output, so that it is trained, extracted and counted as
ours are. To build it runs its code: nothing else of the package does.

Shapes: B clips, T frames, C channels, K training identities.
"""

import traceback
from importlib import import_module
from pathlib import Path

import torch
from torch import Tensor, nn

from dcct.config.foreign import ForeignMethod
from dcct.config.profile import Clips
from dcct.errors import ConfigError
from dcct.models.dcct import Output
from dcct.pipeline.given import importable_here, sources_of


class ForeignNetwork(nn.Module):
    """A module that takes normalised clips (B,T,3,H,W) and returns features, a dict of name →
    (B,C), or features and logits, a second one of name → (B,K).

    clips: T and image size. num_identities: K. Raises ConfigError, which names the variant, where
    the module cannot be had or returns anything else.
    """

    cnn: None = None
    """It has none of DCCT's branches, whatever it is made of."""
    vit: None = None

    def __init__(self, variant: ForeignMethod, clips: Clips, num_identities: int):
        super().__init__()
        self.variant, self.num_identities = variant, num_identities
        self.method = self._built(clips)

    def forward(self, clips_BTCHW: Tensor) -> Output:
        """Normalised clips (B,T,3,H,W) → Output."""
        try:
            said = self.method(clips_BTCHW)
        except Exception as error:
            if "memory" in str(error):  # what to do about that is said elsewhere
                raise
            raise self._wrong(f"raised {self._described(error)}") from error
        features, logits = said if isinstance(said, tuple) and len(said) == 2 else (said, {})
        self._check("features", features, len(clips_BTCHW))
        self._check("logits", logits, len(clips_BTCHW), self.num_identities)
        if self.variant.headline not in features:
            raise self._wrong(
                f"returned features {', '.join(features) or 'without any'}: its headline,"
                f" {self.variant.headline}, must be among them"
            )
        return Output(features=features, embeddings=features, logits=logits)

    def _built(self, clips: Clips) -> nn.Module:
        name, _, function = self.variant.method.partition(":")
        self.files = {str(file.resolve()) for file in sources_of(self.variant)}
        try:
            with importable_here():
                module = import_module(name)
                if str(Path(module.__file__ or "").resolve()) not in self.files:
                    raise self._wrong(f"is not what Python imports, {module.__file__}: rename it")
                build = getattr(module, function, None)
                if not callable(build):
                    raise self._wrong(f"is not there: {module.__file__} holds no function of it")
                found = build(
                    num_identities=self.num_identities,
                    clip_length=clips.length,
                    height=clips.height,
                    width=clips.width,
                    **self.variant.args,
                )
        except ConfigError:
            raise
        except Exception as error:
            raise self._wrong(f"raised {self._described(error)}") from error
        if not isinstance(found, nn.Module):
            raise self._wrong(f"returned {type(found).__name__}: it must return a torch.nn.Module")
        if not all(isinstance(one, Tensor) for one in found.state_dict().values()):
            raise self._wrong("keeps more than tensors in its state_dict: a checkpoint cannot")
        if self.variant.trained and not any(one.requires_grad for one in found.parameters()):
            raise self._wrong("has no parameter that learns: write trained: false")
        return found

    def _check(self, kind: str, found: object, clips: int, width: int | None = None) -> None:
        """Names → finite numbers (B,C), or (B,K) of logits."""
        expected = f"({clips}, {width or 'C'})"
        if not isinstance(found, dict) or not all(
            isinstance(name, str) and name.isprintable() and name.strip() for name in found
        ):
            raise self._wrong(
                f"returned {kind} in a {type(found).__name__}: it must return a dict of names and"
                f" tensors {expected}"
            )
        for name, one in found.items():
            if not isinstance(one, Tensor) or not one.is_floating_point():
                raise self._wrong(
                    f"returned {type(one).__name__} as {kind} {name}: it must be a tensor of"
                    f" floats {expected}"
                )
            if one.ndim != 2 or len(one) != clips or one.shape[1] != (width or one.shape[1] or 1):
                raise self._wrong(
                    f"returned {kind} {name} of shape {tuple(one.shape)}: expected {expected}"
                )
            if not torch.isfinite(one).all():
                raise self._wrong(f"returned {kind} {name} that are not finite")

    def _wrong(self, what: str) -> ConfigError:
        return ConfigError(f"{self.variant.title}: method: {self.variant.method} {what}")

    def _described(self, error: Exception) -> str:
        """An exception of its code and where in it that was raised, on one line."""
        frames = traceback.extract_tb(error.__traceback__)
        own = [one for one in frames if str(Path(one.filename).resolve()) in self.files]
        frame = (own or frames)[-1]
        said = " ".join(str(error).split())[:300]
        return f"{type(error).__name__}: {said} ({Path(frame.filename).name}, line {frame.lineno})"
