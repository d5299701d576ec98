"""What every HTTP part shares: route descriptions, strict JSON, and who is on the other end.

Knows the domain, msgspec and Sanic; the web application, the desk and the channels build on it.
"""
