# 200 styles of type, one glyph an image; families disjoint between the halves. Rendered.
dataset = dict(type="typefaces")
