"""Every channel, one line each."""

from collections.abc import Callable, Mapping

from channels.base import Channel, ChannelParts, SenderParts, Sends
from channels.mailbox.adapter import Mailbox
from channels.sms.adapter import Sms
from channels.sms.api import SmsApi
from channels.webchat.adapter import WebChat
from channels.wechat.adapter import WeChat
from channels.wechat.api import WeChatApi

CHANNELS: Mapping[str, Callable[[ChannelParts], Channel]] = {
    WebChat.name: WebChat,
    Mailbox.name: Mailbox,
    WeChat.name: WeChat,
    Sms.name: Sms,
}

#: channels that push what they say; the others are asked for it
SENDERS: Mapping[str, Callable[[SenderParts], Sends]] = {
    WeChat.name: WeChatApi,
    Sms.name: SmsApi,
}
