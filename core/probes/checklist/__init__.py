"""Where does a model fail, by kind of sentence? Behavioural tests after CheckList."""
