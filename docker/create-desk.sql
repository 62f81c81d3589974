-- Run once by the PostgreSQL image when its volume is new: the desk has a database of its own.
CREATE DATABASE desk;
