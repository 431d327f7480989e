"""The pages of `edk page`: what the registry holds, as HTML that needs no script and nothing from elsewhere."""
