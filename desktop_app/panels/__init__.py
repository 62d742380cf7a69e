"""The pages of the window and the cards on them: each shows one thing about the host."""
