"""A plugin of skgan. This module says what there is; the code is imported when a name is first used.

Keep this file free of torch: it is imported when somebody asks for a name that skgan does not have.
"""

from skgan import ComponentSpec, hookimpl


@hookimpl
def skgan_losses():
    """Offer a loss."""
    return [
        ComponentSpec("loss", "template", "skgan_template.loss:Template", summary="Logistic loss with a temperature")
    ]
