"""The colours of the shell: 20 hues in five tones, told apart at a glance."""

Colour = tuple[int, int, int]

HUES = 20
TONES = ((230, 240), (220, 165), (120, 235), (130, 160), (235, 105))
"""Saturation and value of each tone, in 255ths."""
COLOURS = HUES * len(TONES)


def shell_colour(number: int) -> Colour:
    """The colour `number`, from 0 to 99, in red, green and blue from 0 to 255.

    HSV to RGB in integers: the hue goes round six sides of a hexagon (Smith, Color Gamut Transform
    Pairs, SIGGRAPH 1978).
    """
    tone, hue = divmod(number, HUES)
    saturation, value = TONES[tone]
    side, place = divmod(hue * 6, HUES)
    low = value * (255 - saturation) // 255
    rising = low + (value - low) * place // HUES
    falling = value - (value - low) * place // HUES
    return (
        (value, rising, low),
        (falling, value, low),
        (low, value, rising),
        (low, falling, value),
        (rising, low, value),
        (value, low, falling),
    )[side]
