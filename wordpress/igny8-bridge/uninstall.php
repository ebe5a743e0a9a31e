<?php
/** Takes away what the plugin keeps. Posts stay. */

if (!defined('WP_UNINSTALL_PLUGIN')) {
	exit;
}
foreach (['server', 'key', 'author', 'polled', 'trouble', 'unsaid'] as $name) {
	delete_option('igny8_bridge_' . $name);
}
