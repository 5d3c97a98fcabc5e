"""Attention is computed a second time beside the network: what it says must be what the network
did."""

import pyarrow.parquet as pq
import pytest
import torch

from dcct.clips.sampling import write_test_clips
from dcct.config.load import load_variant
from dcct.inference.attention import attend, attended, spatial_weights, temporal_weights
from dcct.inference.attention_file import read_attention
from dcct.models.dcct import DCCT


@pytest.fixture
def network(profile, root):
    """network(variant): weights far from their initial values, so that no attention is even."""

    def make(name):
        torch.manual_seed(0)
        model = DCCT(
            load_variant(name, root / "config/config.yaml"), profile.network, profile.clips, 5
        ).eval()
        for part in filter(None, (model.cca_cnn, model.cca_vit, model.hta)):
            for parameter in part.requires_grad_(False).parameters():
                parameter.mul_(4)
        return model

    return make


@pytest.fixture
def clips(profile):
    sizes = profile.clips
    return torch.randn(
        2, sizes.length, 3, sizes.height, sizes.width, generator=torch.Generator().manual_seed(1)
    )


@torch.inference_mode()
def seen(model, clips, names):
    """(inputs, output) of modules while the network runs."""
    found = {}
    for name in names:
        model.get_submodule(name).register_forward_hook(
            lambda _, inputs, output, name=name: found.__setitem__(name, (inputs, output))
        )
    return attended(model, clips), found


@pytest.mark.parametrize("branch", ["cnn", "vit"])
@pytest.mark.parametrize("kind", ["self", "cross"])
def test_spatial_weights_times_values_are_what_cca_computed(network, clips, branch, kind):
    """To 1e-5; each frame's weights sum to 1."""
    model, name = network("dcct"), f"cca_{branch}.{kind}_attention"
    parts, found = seen(model, clips, [name])
    (q_NG, x_NPC), output = found[name]
    attention, weights = model.get_submodule(name), parts[f"space/{branch}/{kind}"].flatten(0, 1)
    assert torch.equal(weights, spatial_weights(attention, q_NG, x_NPC))
    assert torch.allclose(weights.sum(1), torch.ones(len(weights)), atol=1e-5)
    again = (weights[:, None] @ attention.v(x_NPC)).squeeze(1)
    assert (again - output).abs().max() < 1e-5 * output.abs().max()
    assert weights.std() > 1e-3


@pytest.mark.parametrize("level", [1, 2])
@pytest.mark.parametrize("block", ["cnn", "vit", "joint"])
def test_temporal_weights_times_values_are_what_hta_computed(network, clips, level, block):
    """Head by head, to 1e-5; what is kept is the mean over heads, and each frame's weights sum to
    1."""
    model, name = network("dcct"), f"hta.level{level}.{block}"
    parts, found = seen(model, clips, [f"{name}.norm1"])
    module, normed_BTC = model.get_submodule(name), found[f"{name}.norm1"][1]
    qkv = module.qkv(normed_BTC)
    weights = temporal_weights(qkv)
    assert torch.allclose(parts[f"time/{level}/{block}"], weights.mean(1))
    assert torch.allclose(weights.sum(3), torch.ones(weights.shape[:3]), atol=1e-5)
    values = qkv.chunk(3, dim=2)[2].unflatten(2, (8, -1)).transpose(1, 2)
    output = module.attention(normed_BTC)
    again = (weights @ values).transpose(1, 2).flatten(2)
    assert (again - output).abs().max() < 1e-5 * output.abs().max()
    assert weights.std() > 1e-3


@pytest.mark.parametrize("branch", ["cnn", "vit"])
def test_gates_mix_branch_and_guide_as_hta_did(network, clips, branch):
    """x·a + f·(1−a) with the kept a is what the gate gave, to 1e-5."""
    model, name = network("dcct"), f"hta.gate_{branch}"
    parts, found = seen(model, clips, [name, f"{name}.guide"])
    (x_BTD, _), output = found[name]
    a, f = parts[f"gate/{branch}"], found[f"{name}.guide"][1]
    assert (x_BTD * a + f * (1 - a) - output).abs().max() < 1e-5 * output.abs().max()


def test_a_variant_tells_only_of_what_it_has(network, clips):
    """A backbone looks at nothing; one level has no gates; cross alone has no self."""
    assert attended(network("cnn"), clips) == {}
    assert {part.split("/")[0] for part in attended(network("cca"), clips)} == {"space"}
    assert {part.rpartition("/")[0] for part in attended(network("hta1"), clips)} == {
        "space/cnn",
        "space/vit",
        "time/1",
    }
    assert set(attended(network("cca-cross"), clips)) == {"space/cnn/cross", "space/vit/cross"}


def test_the_file_is_the_same_bytes_twice_and_needs_no_network(network, profile, tiny, tmp_path):
    """Four queries, every frame of their first clip, every part, with the grid; the network is left
    as it was."""
    how = ["begin", "dense"], profile.clips.length, 200, "clips"
    write_test_clips(tiny.manifest, tmp_path / "clips.parquet", *how)
    model = network("dcct")
    for name in ("a", "b"):
        path = tmp_path / f"{name}.parquet"
        attend(model, profile, tmp_path / "clips.parquet", tiny.frames, tiny.manifest, path)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    rows, grid = read_attention(tmp_path / "a.parquet")
    assert grid == (6, 3)
    assert len(rows) == 4 * profile.clips.length * 12
    queries = (
        pq.read_table(tiny.manifest / "tracklets.parquet")
        .to_pandas()
        .query("split == 'query'")["tracklet"]
    )
    assert set(rows["tracklet"]) <= set(queries)
    assert not [module for module in model.modules() if module._forward_hooks]
