"""What makes a training step: products, batches, the closed form, loops on CPU and GPU."""
