"""Everything that a YAML file under config/ may say."""
