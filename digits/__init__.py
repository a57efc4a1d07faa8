"""The parts that the trainer and the server stand on."""
