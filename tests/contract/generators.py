"""What schemathesis cannot draw by itself: a file that is taken, the id of one that was uploaded, a client's key."""

import os

import schemathesis
from hypothesis import strategies as st

from tests.samples import an_image

schemathesis.openapi.format("binary", st.just(an_image("PNG")))
schemathesis.openapi.format("attachment-id", st.just(os.environ["HUYING_TEST_ATTACHMENT"]))
schemathesis.openapi.format("password", st.just(os.environ["HUYING_TEST_KEY"]))
