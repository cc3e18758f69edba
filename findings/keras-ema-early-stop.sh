#!/bin/sh
# Keras: a training with SwapEMAWeights that stops early ends with the raw weights, not with the averaged ones.
#
# keras 3.15.1, seen with JAX 0.10.2. With use_ema=True `fit` ends by putting the moving averages into the
# model. SwapEMAWeights(swap_on_epoch=True) has exchanged the two by then, and prepares for that end in one
# epoch alone: the last one of the number that `fit` was given. If EarlyStopping, or anything else, ends the
# training before, `fit` "restores" the raw weights. So the model that one saves is not the one whose val_loss
# was shown, nor the one that a ModelCheckpoint of the last epoch holds.
# One would expect the same model from five epochs and from fifty that were stopped after five.
#
# Seen:
#   5 of 5 epochs: val_loss 0.94, evaluate 0.94
#   5 of 50 epochs: val_loss 0.94, evaluate 4.61
#   5 of 50 epochs, swap_on_epoch=False: val_loss 0.94, evaluate 0.94
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet keras==3.15.1 jax==0.10.2 jaxlib==0.10.2
export HOME="$work" KERAS_BACKEND=jax JAX_PLATFORMS=cpu

cd "$work"
venv/bin/python - <<'END'
import keras
import numpy as np

generator = np.random.default_rng(0)
pictures = generator.random((256, 48), "float32")
labels = generator.integers(0, 2, 256)


def train(epochs, swap_on_epoch):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((48,)), keras.layers.Dense(2, "softmax")])
    optimizer = keras.optimizers.SGD(1.0, use_ema=True, ema_momentum=0.95)
    model.compile(optimizer, "sparse_categorical_crossentropy")
    never_good_enough = keras.callbacks.EarlyStopping(min_delta=100, patience=4)  # stops after five epochs
    history = model.fit(
        pictures,
        labels,
        batch_size=16,
        epochs=epochs,
        validation_data=(pictures, labels),
        callbacks=[keras.callbacks.SwapEMAWeights(swap_on_epoch), never_good_enough],
        verbose=0,
    )
    shown = history.history["val_loss"]
    assert len(shown) == 5, "not stopped after five epochs"
    return shown[-1], model.evaluate(pictures, labels, verbose=0)


for name, epochs, swap_on_epoch, averaged in [
    ("5 of 5 epochs", 5, True, True),
    ("5 of 50 epochs", 50, True, False),
    ("5 of 50 epochs, swap_on_epoch=False", 50, False, True),
]:
    shown, evaluated = train(epochs, swap_on_epoch)
    print(f"{name}: val_loss {shown:.2f}, evaluate {evaluated:.2f}")
    assert (abs(shown - evaluated) < 1e-4) == averaged, "no longer so"
END
