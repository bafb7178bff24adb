"""Facts -> one graph, with owners and exports."""
