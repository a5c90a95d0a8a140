"""Images made from a network's features: activation maximisation, inversion, style transfer.

All three do the same: they leave the network as it is and train an image. What differs is the
loss. A network is anything that has its convolutional part, an `nn.Sequential`, in
`convolutions`; layers are called by the names they have there ("relu1_1", or "0.2" for layer 2 of
block 0). Convolutions do not care about size: images may be larger than those of the training.
"""

from course_lib.features.activations import (
    expect_images,
    expect_one,
    gram_matrix,
    layer_activations,
    layers_of,
)
from course_lib.features.descent import (
    Descent,
    frequencies,
    noise,
    total_variation,
)
from course_lib.features.inversion import invert_features, maximise_activation
from course_lib.features.style import (
    CONTENT_LAYER,
    STYLE_LAYERS,
    content_loss,
    style_descent,
    style_loss,
    style_transfer,
)
from course_lib.models.vgg import vgg
