"""Every channel, one line each."""

from collections.abc import Callable, Mapping

from channels.base import Channel, ChannelParts
from channels.webchat.adapter import WebChat

CHANNELS: Mapping[str, Callable[[ChannelParts], Channel]] = {
    WebChat.name: WebChat,
}
