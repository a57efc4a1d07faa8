"""Trainer and web server: the code behind mnist_cnn.py and server.py."""
