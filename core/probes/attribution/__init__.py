"""Methods that say which words carried a verdict. `core.probes.attributions` names them all and runs one."""
