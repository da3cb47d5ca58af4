"""Files of the originals, small, in a temporary folder."""

import h5py
import torch
from reference_speaker_encoders import keras_arrays, speechbrain_weights, vgg_config


def write_ckpt(path, config, change=None):
    tensors = speechbrain_weights(config)
    if change is not None:
        change(tensors)
    torch.save(tensors, path)
    return path


def write_h5(path, config=None, change=None, root="", nested=True):
    """As Keras writes weights (`layer/layer/kind:0`), or a whole model (root="model_weights/")."""
    arrays = keras_arrays(vgg_config() if config is None else config)
    if change is not None:
        change(arrays)
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            layer, kind = name.split("/")
            file[f"{root}{layer}/{layer}/{kind}:0" if nested else f"{root}{layer}/{kind}:0"] = array
        file.create_group(f"{root}mpool1")
        if root:
            file["optimizer_weights/Adam/iterations:0"] = 1
    return path
