"""A WeChat official account, over the platform's callback and its interface for customer-service messages."""
